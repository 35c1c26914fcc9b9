import type { MetadataGroup } from "../../../../crds/outputs/image/metadata.ts";

/** The directories of EXIF (CIPA DC-008, 4.6): the image's, the camera's and the place's. */
export type Directory = "image" | "camera" | "place";

/** Numbers of fields by directory. */
export type Tags = Record<Directory, ReadonlySet<number>>;

/**
 * The fields that may stay, by the names and numbers that CIPA DC-008 gives them; those in XP are Windows' own. What
 * tells of the source's pixels alone, such as their size and coding, is left out, and so are maker notes.
 */
const TAGS = {
  image: {
    ...{ DocumentName: 0x010d, ImageDescription: 0x010e, Make: 0x010f, Model: 0x0110, Software: 0x0131 },
    ...{ DateTime: 0x0132, Artist: 0x013b, HostComputer: 0x013c, Rating: 0x4746, Copyright: 0x8298 },
    ...{ RatingPercent: 0x4749, XPTitle: 0x9c9b, XPComment: 0x9c9c, XPAuthor: 0x9c9d, XPKeywords: 0x9c9e },
    ...{ XPSubject: 0x9c9f },
  },
  camera: {
    ...{ ExposureTime: 0x829a, FNumber: 0x829d, ExposureProgram: 0x8822, SpectralSensitivity: 0x8824 },
    ...{ PhotographicSensitivity: 0x8827, SensitivityType: 0x8830, StandardOutputSensitivity: 0x8831 },
    ...{ RecommendedExposureIndex: 0x8832, ISOSpeed: 0x8833, DateTimeOriginal: 0x9003 },
    ...{ DateTimeDigitized: 0x9004, OffsetTime: 0x9010, OffsetTimeOriginal: 0x9011 },
    ...{ OffsetTimeDigitized: 0x9012, ShutterSpeedValue: 0x9201, ApertureValue: 0x9202 },
    ...{ BrightnessValue: 0x9203, ExposureBiasValue: 0x9204, MaxApertureValue: 0x9205 },
    ...{ SubjectDistance: 0x9206, MeteringMode: 0x9207, LightSource: 0x9208, Flash: 0x9209 },
    ...{ FocalLength: 0x920a, SubSecTime: 0x9290, SubSecTimeOriginal: 0x9291, SubSecTimeDigitized: 0x9292 },
    ...{ FlashEnergy: 0xa20b, FocalPlaneXResolution: 0xa20e, FocalPlaneYResolution: 0xa20f },
    ...{ FocalPlaneResolutionUnit: 0xa210, ExposureIndex: 0xa215, SensingMethod: 0xa217 },
    ...{ CustomRendered: 0xa401, ExposureMode: 0xa402, WhiteBalance: 0xa403, DigitalZoomRatio: 0xa404 },
    ...{ FocalLengthIn35mmFilm: 0xa405, SceneCaptureType: 0xa406, GainControl: 0xa407, Contrast: 0xa408 },
    ...{ Saturation: 0xa409, Sharpness: 0xa40a, SubjectDistanceRange: 0xa40c, CameraOwnerName: 0xa430 },
    ...{ BodySerialNumber: 0xa431, LensSpecification: 0xa432, LensMake: 0xa433, LensModel: 0xa434 },
    ...{ LensSerialNumber: 0xa435, Gamma: 0xa500, OECF: 0x8828, ISOSpeedLatitudeyyy: 0x8834 },
    ...{ ISOSpeedLatitudezzz: 0x8835, SubjectArea: 0x9214, UserComment: 0x9286, Temperature: 0x9400 },
    ...{ Humidity: 0x9401, Pressure: 0x9402, WaterDepth: 0x9403, Acceleration: 0x9404 },
    ...{ CameraElevationAngle: 0x9405, SpatialFrequencyResponse: 0xa20c, SubjectLocation: 0xa214 },
    ...{ FileSource: 0xa300, SceneType: 0xa301, CFAPattern: 0xa302, DeviceSettingDescription: 0xa40b },
    ...{ ImageUniqueID: 0xa420, ImageTitle: 0xa436, Photographer: 0xa437, ImageEditor: 0xa438 },
    ...{ CameraFirmware: 0xa439, RAWDevelopingSoftware: 0xa43a, ImageEditingSoftware: 0xa43b },
    ...{ MetadataEditingSoftware: 0xa43c, CompositeImage: 0xa460 },
  },
  place: {
    ...{ GPSVersionID: 0x00, GPSLatitudeRef: 0x01, GPSLatitude: 0x02, GPSLongitudeRef: 0x03 },
    ...{ GPSLongitude: 0x04, GPSAltitudeRef: 0x05, GPSAltitude: 0x06, GPSTimeStamp: 0x07 },
    ...{ GPSSatellites: 0x08, GPSStatus: 0x09, GPSMeasureMode: 0x0a, GPSDOP: 0x0b },
    ...{ GPSTrackRef: 0x0e, GPSTrack: 0x0f, GPSDestLatitudeRef: 0x13, GPSDestLatitude: 0x14 },
    ...{ GPSDestLongitudeRef: 0x15, GPSDestLongitude: 0x16, GPSDestBearingRef: 0x17, GPSDestBearing: 0x18 },
    ...{ GPSDestDistanceRef: 0x19, GPSDestDistance: 0x1a, GPSProcessingMethod: 0x1b },
    ...{ GPSAreaInformation: 0x1c, GPSDifferential: 0x1e, GPSHPositioningError: 0x1f },
    ...{ GPSSpeedRef: 0x0c, GPSSpeed: 0x0d, GPSImgDirectionRef: 0x10, GPSImgDirection: 0x11 },
    ...{ GPSMapDatum: 0x12, GPSDateStamp: 0x1d },
  },
} as const satisfies Record<Directory, Record<string, number>>;

type Names = { [Each in Directory]?: readonly (keyof (typeof TAGS)[Each])[] };

/** What each group holds. `Exif` is all but the place; `Iptc`, `Xmp` and `Icc` are no EXIF. */
const GROUPS: Partial<Record<MetadataGroup, Names>> = {
  Copyright: { image: ["Artist", "Copyright"] },
  Camera: {
    image: ["Make", "Model", "Software"],
    camera: [
      ...(["LensMake", "LensModel", "ExposureTime", "FNumber", "ExposureProgram"] as const),
      ...(["ExposureBiasValue", "PhotographicSensitivity", "FocalLength"] as const),
      ...(["FocalLengthIn35mmFilm", "MeteringMode", "Flash", "WhiteBalance"] as const),
    ],
  },
  Dates: {
    image: ["DateTime"],
    camera: [
      ...(["DateTimeOriginal", "DateTimeDigitized", "OffsetTime", "OffsetTimeOriginal"] as const),
      "OffsetTimeDigitized",
    ],
  },
  Exif: { image: namesOf(TAGS.image), camera: namesOf(TAGS.camera) },
  Gps: { place: namesOf(TAGS.place) },
};

/** The fields of these groups. */
export function tagsOf(groups: ReadonlySet<MetadataGroup>): Tags {
  const of = <Each extends Directory>(directory: Each): ReadonlySet<number> => {
    const numbers: Record<string, number> = TAGS[directory];
    const names = [...groups].flatMap((group): readonly PropertyKey[] => GROUPS[group]?.[directory] ?? []);
    return new Set(names.flatMap((name) => numbers[String(name)] ?? []));
  };
  return { image: of("image"), camera: of("camera"), place: of("place") };
}

function namesOf<Of extends object>(tags: Of): (keyof Of)[] {
  return Object.keys(tags) as (keyof Of)[];
}
