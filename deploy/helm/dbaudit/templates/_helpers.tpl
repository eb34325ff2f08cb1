{{- define "dbaudit.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{- define "dbaudit.selector" -}}
app.kubernetes.io/name: dbaudit
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "dbaudit.labels" -}}
{{ include "dbaudit.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- /* The pod of both modes: what may differ is how often it works and who listens to it. */}}
{{- define "dbaudit.pod" -}}
{{- $watch := eq .Values.mode "deployment" -}}
metadata:
  labels:
    {{- include "dbaudit.labels" . | nindent 4 }}
  {{- with .Values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- if not $watch }}
  # required by podFailurePolicy
  restartPolicy: Never
  {{- end }}
  serviceAccountName: {{ include "dbaudit.name" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  # longer than the 20 s in which SIGTERM ends it
  terminationGracePeriodSeconds: 30
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: dbaudit
      image: {{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args:
        - watch
        - --sources-file=/run/secrets/dbaudit/sources
        - --at-once={{ .Values.atOnce }}
        {{- if $watch }}
        - --every={{ .Values.watch.every }}
        - --jitter={{ .Values.watch.jitter }}
        - --listen=0.0.0.0:{{ .Values.watch.port }}
        {{- if .Values.watch.token.enabled }}
        - --token-file=/run/secrets/dbaudit/token
        {{- end }}
        {{- else }}
        - --once
        {{- if gt (int .Values.cronjob.shards) 1 }}
        - --shard=$(JOB_COMPLETION_INDEX)/{{ .Values.cronjob.shards }}
        {{- end }}
        {{- end }}
        {{- if .Values.persistence.enabled }}
        - --history=/var/lib/dbaudit/history.db
        {{- end }}
        {{- range .Values.notify }}
        - {{ printf "--notify=%s" . | quote }}
        {{- end }}
        {{- range .Values.extraArgs }}
        - {{ . | quote }}
        {{- end }}
      env:
        {{- if not .Values.persistence.enabled }}
        - name: DBAUDIT_HISTORY
          valueFrom:
            secretKeyRef:
              name: {{ .Values.secret.name }}
              key: {{ .Values.secret.historyKey }}
        {{- end }}
        {{- range $variable, $key := .Values.secret.files }}
        - name: {{ $variable }}
          value: /run/secrets/dbaudit/{{ $key }}
        {{- end }}
        {{- with .Values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- if $watch }}
      ports:
        - name: http
          containerPort: {{ .Values.watch.port }}
      livenessProbe:
        httpGet:
          path: /healthz
          port: http
        periodSeconds: 30
      readinessProbe:
        httpGet:
          path: /healthz
          port: http
      {{- end }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - name: secret
          mountPath: /run/secrets/dbaudit
          readOnly: true
        - name: tmp
          mountPath: /tmp
        {{- if .Values.persistence.enabled }}
        - name: history
          mountPath: /var/lib/dbaudit
        {{- end }}
  volumes:
    - name: secret
      secret:
        secretName: {{ .Values.secret.name }}
        defaultMode: 0440
        items:
          - key: {{ .Values.secret.sourcesKey }}
            path: sources
          {{- if and $watch .Values.watch.token.enabled }}
          - key: {{ .Values.watch.token.key }}
            path: token
          {{- end }}
          {{- range .Values.secret.files }}
          - key: {{ . }}
            path: {{ . }}
          {{- end }}
    # the root file system is read-only
    - name: tmp
      emptyDir:
        sizeLimit: 64Mi
    {{- if .Values.persistence.enabled }}
    - name: history
      persistentVolumeClaim:
        claimName: {{ include "dbaudit.name" . }}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
