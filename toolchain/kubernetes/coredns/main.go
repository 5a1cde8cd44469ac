// Command coredns is CoreDNS with the plugins that answer for a cluster.
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/hosts"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/metrics"
	_ "github.com/coredns/coredns/plugin/ready"

	"github.com/coredns/coredns/coremain"
)

func main() {
	// The order in which plugins see a question, which the published program generates.
	dnsserver.Directives = []string{"health", "ready", "prometheus", "errors", "cache", "hosts", "kubernetes"}
	coremain.Run()
}
