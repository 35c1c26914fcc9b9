{{/* The operator's configuration: what the chart knows, then what the values say. */}}
{{- define "mediajob.configuration" -}}
{{- $url := printf "http://%s.%s.svc:%v/progress" (include "mediajob.fullname" .) .Release.Namespace (int .Values.service.port) -}}
{{- $worker := dict
      "image" (include "mediajob.image" (dict "image" .Values.worker.image "appVersion" .Chart.AppVersion))
      "imagePullPolicy" .Values.worker.image.pullPolicy
      "imagePullSecrets" .Values.worker.imagePullSecrets -}}
{{- toYaml (mergeOverwrite (dict "progressUrl" $url "worker" $worker) (deepCopy (default dict .Values.config))) -}}
{{- end -}}
