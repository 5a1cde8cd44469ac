// Package xconfmap stands in for the collector's package of that name, from which a function that receiver_creator
// v0.156 calls has since moved. No version of receiver_creator that fits the rest is served as a module.
package xconfmap

import (
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/internal"
)

// Validate checks a configuration and all that is in it.
func Validate(configuration any) error { return confmap.Validate(configuration) }

// WithUnredacted is what the command print-config asks for to show secrets; here they stay hidden.
func WithUnredacted() confmap.MarshalOption {
	return internal.MarshalOptionFunc(func(*internal.MarshalOptions) {})
}
