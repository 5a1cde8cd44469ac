package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/observer"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/observer/endpointswatcher"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.uber.org/zap"
)

// The contrib distribution's docker_observer knows containers without ports; no version that does is served
// as a module. This one has the part of its configuration that the stack uses, and lists containers instead of
// listening to events.

const (
	refreshInterval = 2 * time.Second
	requestTimeout  = 5 * time.Second
)

type observerConfig struct {
	// Endpoint of the engine's API: tcp://host:port or unix:///path.
	Endpoint string `mapstructure:"endpoint"`
	// IncludeAllContainers must be true: an endpoint for each port is not made.
	IncludeAllContainers bool `mapstructure:"include_all_containers"`
	// UseHostnameIfPresent has no effect: an endpoint's address is its container's id.
	UseHostnameIfPresent bool `mapstructure:"use_hostname_if_present"`
}

func (c *observerConfig) Validate() error {
	if !c.IncludeAllContainers {
		return errors.New("include_all_containers must be true in this build")
	}
	_, err := engineClient(c.Endpoint)
	return err
}

// engineClient returns a client that reaches the engine, whatever the host in its requests' URLs.
func engineClient(endpoint string) (*http.Client, error) {
	parsed, err := url.Parse(endpoint)
	if err != nil {
		return nil, err
	}
	network, address := parsed.Scheme, parsed.Host+parsed.Path
	if network != "tcp" && network != "unix" {
		return nil, fmt.Errorf("endpoint %q must begin with tcp:// or unix://", endpoint)
	}
	var dialer net.Dialer
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, address)
	}}
	return &http.Client{Transport: transport, Timeout: requestTimeout}, nil
}

type dockerObserver struct {
	*endpointswatcher.EndpointsWatcher
	client *http.Client
	logger *zap.Logger
	lock   sync.Mutex
	known  []observer.Endpoint
}

func newDockerObserver() extension.Factory {
	create := func(_ context.Context, set extension.Settings, config component.Config) (extension.Extension, error) {
		client, err := engineClient(config.(*observerConfig).Endpoint)
		if err != nil {
			return nil, err
		}
		created := &dockerObserver{client: client, logger: set.Logger}
		created.EndpointsWatcher = endpointswatcher.New(created, refreshInterval, set.Logger)
		return created, nil
	}
	return extension.NewFactory(
		component.MustNewType("docker_observer"),
		func() component.Config { return &observerConfig{Endpoint: "unix:///var/run/docker.sock"} },
		create,
		component.StabilityLevelDevelopment,
	)
}

func (*dockerObserver) Start(context.Context, component.Host) error { return nil }

func (o *dockerObserver) Shutdown(context.Context) error {
	o.StopListAndWatch()
	return nil
}

// ListEndpoints returns an endpoint for each running container; the last ones while the engine does not answer, so that
// nobody stops following what still runs.
func (o *dockerObserver) ListEndpoints() []observer.Endpoint {
	o.lock.Lock()
	defer o.lock.Unlock()
	endpoints, err := o.list()
	if err != nil {
		o.logger.Warn("the containers cannot be listed", zap.Error(err))
		return o.known
	}
	o.known = endpoints
	return endpoints
}

func (o *dockerObserver) list() ([]observer.Endpoint, error) {
	answer, err := o.client.Get("http://engine/containers/json")
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the engine answers %s", answer.Status)
	}
	var containers []struct {
		ID, Image, Command, State string
		Names                     []string
		Labels                    map[string]string
	}
	if err := json.NewDecoder(answer.Body).Decode(&containers); err != nil {
		return nil, err
	}
	var endpoints []observer.Endpoint
	for _, c := range containers {
		if c.State != "running" || len(c.Names) == 0 {
			continue
		}
		endpoints = append(endpoints, observer.Endpoint{
			ID:     observer.EndpointID(c.ID),
			Target: c.ID,
			Details: &observer.Container{
				Name:        strings.TrimPrefix(c.Names[0], "/"),
				Image:       c.Image,
				Command:     c.Command,
				ContainerID: c.ID,
				Host:        c.ID,
				Transport:   observer.ProtocolUnknown,
				Labels:      c.Labels,
			},
		})
	}
	return endpoints, nil
}
