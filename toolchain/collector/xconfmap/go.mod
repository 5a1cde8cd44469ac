module go.opentelemetry.io/collector/confmap/xconfmap

go 1.26.0

require go.opentelemetry.io/collector/confmap v1.64.0
