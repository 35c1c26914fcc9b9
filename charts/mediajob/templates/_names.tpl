{{/* Name of the chart, or nameOverride. */}}
{{- define "mediajob.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Name of every object of the release: release and chart, or the release alone when it holds the chart's name. */}}
{{- define "mediajob.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "mediajob.name" . -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "mediajob.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "mediajob.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name must be set when serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* What never changes in a release's life: selectors cannot. */}}
{{- define "mediajob.selectorLabels" -}}
app.kubernetes.io/name: {{ include "mediajob.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{- define "mediajob.labels" -}}
{{- include "mediajob.labelsAnd" (dict "root" . "labels" dict) -}}
{{- end -}}

{{/* With labels of this object alone: each stands once, and the more particular counts. Takes {root, labels}. */}}
{{- define "mediajob.labelsAnd" -}}
{{- $own := dict
      "app.kubernetes.io/version" .root.Chart.AppVersion
      "app.kubernetes.io/part-of" "mediajob"
      "app.kubernetes.io/managed-by" .root.Release.Service
      "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- $selected := include "mediajob.selectorLabels" .root | fromYaml -}}
{{- toYaml (mergeOverwrite $own (default dict .root.Values.commonLabels) (default dict .labels) $selected) -}}
{{- end -}}

{{/* An image by digest when it has one, else by tag. Takes {image, appVersion}. */}}
{{- define "mediajob.image" -}}
{{- if .image.digest -}}
{{- printf "%s@%s" .image.repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" .image.repository (default .appVersion .image.tag) -}}
{{- end -}}
{{- end -}}
