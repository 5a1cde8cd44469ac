"""The objects of the Kubernetes targets: resource tree, pods, files, volumes and the entrance."""

from __future__ import annotations

import functools
import json
import re

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml
from pulumi.runtime import rpc

from targets import TARGETS
from tests.graph.kubernetes_objects import (
    CANARY,
    STACKS,
    configuration,
    render,
    rendered,
    with_kubernetes,
)
from units import size_in_bytes

pytestmark = pytest.mark.graph

EVERYWHERE = {
    "prometheus", "alertmanager", "loki", "jaeger", "collector", "grafana",
    "blackbox-exporter", "kube-state-metrics", "log-collector",
}  # fmt: skip
WITHOUT_DATA = {
    "thanos-query", "login-proxy",
    "node-exporter", "blackbox-exporter", "kube-state-metrics", "log-collector",
}  # fmt: skip
REPLICAS = {
    "prometheus": 2, "alertmanager": 3, "loki": 3, "grafana": 2, "login-proxy": 2,
    "thanos-query": 2, "thanos-store": 2,
}  # fmt: skip
REPLICA_SERVICES = {
    "prometheus-replicas", "alertmanager-replicas", "loki-replicas", "thanos-store-replicas",
}  # fmt: skip
THANOS = {"thanos-query", "thanos-store", "thanos-compactor"}
WITH_REPLICAS = ("prod", "scale")
AT_SCALE = {
    "loki-ingester", "loki-querier", "loki-index-gateway", "loki-compactor",
    "jaeger-collector", "jaeger-ingester",
}  # fmt: skip
WITHOUT_DATA_AT_SCALE = {"loki", "loki-querier", "jaeger", "jaeger-collector", "jaeger-ingester"}
REPLICAS_AT_SCALE = REPLICAS | dict.fromkeys((*WITHOUT_DATA_AT_SCALE, "loki-index-gateway"), 2) | {
    "loki-ingester": 3,
}  # fmt: skip
REPLICA_SERVICES_AT_SCALE = REPLICA_SERVICES - {"loki-replicas"} | {
    "loki-ingester-replicas", "loki-index-gateway-replicas",
}  # fmt: skip
ASKS_THE_API = {"prometheus", "kube-state-metrics", "log-collector"}
PUBLISHED = ("prometheus", "alertmanager", "loki", "jaeger", "collector")
"""What is behind the login of the stack `prod`."""
KUBERNETES = ("1.34", "1.35", "1.36")
schema_contents = functools.cache(kubernetes_validate.utils.schema_contents)
CUSTOM = {"Gateway", "HTTPRoute", "HealthCheckPolicy"}


def products(stack: str) -> set[str]:
    """Return what the stack runs; Autopilot admits nothing that sees the machine."""
    of_the_profile = {"login-proxy", *THANOS} if stack in WITH_REPLICAS else set()
    of_the_profile |= AT_SCALE if stack == "scale" else set()
    return EVERYWHERE | of_the_profile | (set() if stack == "autopilot" else {"node-exporter"})


@pytest.mark.parametrize("stack", STACKS)
class TestEveryStack:
    def test_names_are_unique_and_say_where_a_resource_belongs(self, stack: str) -> None:
        resources = render(stack).resources
        urns = [resource.urn for resource in resources]
        assert len(set(urns)) == len(urns)
        for resource in resources:
            if resource.token.startswith(("kubernetes:", "pulumi:providers:")):
                component = resource.parent.rsplit("::", 1)[-1]
                assert component in {"namespaces", *products(stack)}
                assert resource.name.startswith(f"{component}-")

    def test_one_provider_of_our_own_makes_every_object(self, stack: str) -> None:
        providers = [r for r in render(stack).resources if r.token == "pulumi:providers:kubernetes"]
        assert [provider.name for provider in providers] == ["namespaces-cluster"]
        context = json.loads(configuration(stack)["observability:kubernetes"])["context"]
        assert providers[0].inputs["context"] == context

    def test_tokens_say_nothing_of_the_target(self, stack: str) -> None:
        tokens = {r.token for r in render(stack).resources if r.token.startswith("observability:")}
        components = {"".join(part.capitalize() for part in name.split("-")) for name in products(stack)}
        assert tokens == {f"observability:index:{name}" for name in ("Namespaces", "Password", *components)}

    def test_objects_are_valid(self, stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
        # The library reads all of a version's schemas again for every object.
        monkeypatch.setattr(kubernetes_validate.utils, "schema_contents", schema_contents)
        for manifest in render(stack).manifests():
            for version in () if manifest["kind"] in CUSTOM else KUBERNETES:
                kubernetes_validate.validate(manifest, version, strict=True)

    def test_what_others_refer_to_by_name_has_that_name(self, stack: str) -> None:
        rendering = render(stack)
        for kind in ("Service", "ServiceAccount"):
            names = [m["metadata"]["name"] for m in rendering.manifests(kind)]
            services = {"prod": REPLICA_SERVICES, "scale": REPLICA_SERVICES_AT_SCALE}.get(stack, set())
            by_replica = services if kind == "Service" else set()
            assert sorted(names) == sorted(products(stack) | by_replica)
        assert {name for name, _, _ in rendering.pods()} == products(stack)
        for manifest in rendering.manifests("StatefulSet"):
            name, replicas = manifest["metadata"]["name"], manifest["spec"]["replicas"]
            assert manifest["spec"]["serviceName"] == (f"{name}-replicas" if replicas > 1 else name)

    def test_services_select_exactly_their_pods_and_lead_to_their_ports(self, stack: str) -> None:
        rendering = render(stack)
        pods = {
            m["metadata"]["name"]: m["spec"]["template"]
            for m in rendering.manifests("StatefulSet", "Deployment", "DaemonSet")
        }
        for service in rendering.manifests("Service"):
            selector = service["spec"]["selector"].items()
            selected = {n for n, pod in pods.items() if selector <= pod["metadata"]["labels"].items()}
            assert selected == {service["metadata"]["name"].removesuffix("-replicas")}
            containers = pods[selected.pop()]["spec"]["containers"]
            peers = {"cluster-tcp", "cluster-udp", "memberlist-tcp"}
            named = [(p["name"], p["containerPort"]) for c in containers for p in c["ports"]]
            assert len({name for name, _ in named}) == len(named)
            ports = {name: number for name, number in named if name not in peers}
            assert {p.get("targetPort", p["name"]): p["port"] for p in service["spec"]["ports"]} == ports

    def test_pods_are_restricted(self, stack: str) -> None:
        for name, namespace, spec in render(stack).pods():
            security, containers = spec["securityContext"], spec["containers"]
            root = name == "log-collector"
            assert security["runAsNonRoot"] is not root
            assert security["runAsUser"] == security["fsGroup"] == security["runAsGroup"]
            assert (security["runAsUser"] == 0) is root
            assert security["seccompProfile"] == {"type": "RuntimeDefault"}
            for container in containers:
                assert container["securityContext"] == {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                }
            assert spec["automountServiceAccountToken"] is (name in ASKS_THE_API)
            assert spec["serviceAccountName"] == name
            if namespace == "observability":
                kinds = {kind for volume in spec["volumes"] for kind in volume if kind != "name"}
                assert kinds <= {"configMap", "secret", "emptyDir"}
                assert not spec.get("hostNetwork")
                assert not spec.get("hostPID")

    def test_only_agents_see_the_machine_and_cannot_change_it(self, stack: str) -> None:
        rendering = render(stack)
        agents = {name: spec for name, namespace, spec in rendering.pods() if namespace != "observability"}
        assert set(agents) == {"node-exporter", "log-collector"} & products(stack)
        for name, spec in agents.items():
            hosts = {volume["name"] for volume in spec["volumes"] if "hostPath" in volume}
            mounts = [m for m in spec["containers"][0]["volumeMounts"] if m["name"] in hosts]
            assert mounts
            assert all(mount["readOnly"] for mount in mounts)
            assert bool(spec.get("hostNetwork")) is bool(spec.get("hostPID")) is (name == "node-exporter")
        levels = {
            m["metadata"]["name"]: m["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
            for m in rendering.manifests("Namespace")
        }
        assert levels.pop("observability-gateway", "baseline") == "baseline"
        assert levels == {"observability": "restricted", "observability-agents": "privileged"}
        agents_namespace = rendering.one("Namespace", "observability-agents")
        assert (
            "node-exporter reads the file systems"
            in agents_namespace["metadata"]["annotations"]["observability/pod-security-reason"]
        )

    def test_every_container_has_probes_and_limits(self, stack: str) -> None:
        for container in (c for _, _, spec in render(stack).pods() for c in spec["containers"]):
            ports = {port["name"] for port in container["ports"]}
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                assert container[probe]["httpGet"]["port"] in ports
            for limit in ("requests", "limits"):
                assert container["resources"][limit].keys() == {"cpu", "memory"}

    def test_a_container_sees_every_file_its_command_line_and_configuration_name(self, stack: str) -> None:
        rendering = render(stack)
        for name, container in (
            (c["name"], c) for _, _, spec in rendering.pods() for c in spec["containers"]
        ):
            files = rendering.files(name)
            text = "\n".join([*container["args"], *files.values()])
            named = set(re.findall(rf"/etc/{name}/[\w./-]+\.(?:yaml|ini)|/run/secrets/{name}/[\w.-]+", text))
            assert named - set(files) == set()
            assert named or name in ("node-exporter", "kube-state-metrics")
        assert any(path.startswith("/etc/prometheus/rules/") for path in rendering.files("prometheus"))
        assert any(path.startswith("/etc/grafana/dashboards/") for path in rendering.files("grafana"))

    def test_secrets_are_encrypted_and_only_in_secrets(self, stack: str) -> None:
        secrets = 0
        for resource in render(stack).resources:
            if not resource.token.endswith(":Secret"):
                assert CANARY[:32] not in json.dumps(resource.inputs)
                continue
            secrets += 1
            assert rpc.is_rpc_secret(resource.wire["stringData"])
        # At scale each part of Jaeger has what it needs of its store and its queue.
        assert secrets == {"oke": 2, "prod": 3, "scale": 6}.get(stack, 1)

    def test_changed_rules_restart_nothing_and_everything_else_rolls_its_pod(self, stack: str) -> None:
        rendering = render(stack)
        mutable = {m["metadata"]["name"] for m in rendering.manifests("ConfigMap") if not m["immutable"]}
        assert mutable == {
            "prometheus-config-0a1b2c3d",
            "prometheus-config-rules-0a1b2c3d",
            "grafana-config-dashboards-0a1b2c3d",
        }
        (spec,) = [spec for name, _, spec in rendering.pods() if name == "prometheus"]
        assert "--config.auto-reload" in spec["containers"][0]["args"]
        mounts = [mount for _, _, spec in rendering.pods() for mount in spec["containers"][0]["volumeMounts"]]
        assert not any("subPath" in mount for mount in mounts), "files mounted by subPath never change"

    def test_config_maps_fit_into_etcd(self, stack: str) -> None:
        for manifest in render(stack).manifests("ConfigMap"):
            assert sum(len(text.encode()) for text in manifest["data"].values()) < 900_000

    def test_data_outlives_the_stack(self, stack: str) -> None:
        rendering = render(stack)
        sets = rendering.manifests("StatefulSet")
        elsewhere = {"grafana"} if stack in WITH_REPLICAS else set()
        elsewhere |= WITHOUT_DATA_AT_SCALE if stack == "scale" else set()
        assert {m["metadata"]["name"] for m in sets} == products(stack) - WITHOUT_DATA - elsewhere
        for manifest in sets:
            assert manifest["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Retain"
        kept = {r.inputs["metadata"]["name"] for r in rendering.resources if r.retained}
        assert kept == {"observability"}

    def test_volumes_are_of_a_size_and_class_that_the_target_has(self, stack: str) -> None:
        config = configuration(stack)
        target = TARGETS[config["observability:target"]]
        asked = json.loads(config["observability:metrics"])["storage"]
        for manifest in render(stack).manifests("StatefulSet"):
            (claim,) = manifest["spec"]["volumeClaimTemplates"]
            size = claim["spec"]["resources"]["requests"]["storage"]
            assert claim["spec"]["storageClassName"] == target.storage_class
            assert size_in_bytes(size) >= size_in_bytes(target.minimum_volume)
            if manifest["metadata"]["name"] == "prometheus":
                assert size == asked

    def test_nothing_without_a_login_is_led_to_from_outside(self, stack: str) -> None:
        rendering = render(stack)
        assert {m["spec"].get("type", "ClusterIP") for m in rendering.manifests("Service")} == {"ClusterIP"}
        assert not rendering.manifests("Ingress")
        urls = {name: outputs.get("url") for name, outputs in rendering.outputs.items() if outputs.get("url")}
        if stack == "minikube":
            assert not rendering.manifests("Gateway", "HTTPRoute")
            assert urls == {}
            return
        host = json.loads(configuration(stack)["observability:kubernetes"])["host"]
        published = PUBLISHED if stack in WITH_REPLICAS else ()
        behind = {product: f"{product}.{host}" for product in published}
        assert urls == {"grafana": f"https://{host}"} | {
            product: f"https://{name}" for product, name in behind.items() if product != "collector"
        }
        (gateway,) = rendering.manifests("Gateway")
        listeners = {listener["name"]: listener for listener in gateway["spec"]["listeners"]}
        assert {name: listener["hostname"] for name, listener in listeners.items()} == {"https": host} | {
            f"https-{product}": name for product, name in behind.items()
        }
        for listener in listeners.values():
            assert (listener["protocol"], listener["port"]) == ("HTTPS", 443)
            assert listener["tls"]["certificateRefs"]
        routes = {m["metadata"]["name"]: m for m in rendering.manifests("HTTPRoute")}
        assert routes.keys() == ({"grafana", "login-proxy"} if published else {"grafana"})
        for name, route in routes.items():
            (backend,) = route["spec"]["rules"][0]["backendRefs"]
            assert backend == {"name": name, "port": 3000 if name == "grafana" else 8080}
            service = rendering.one("Service", name)
            assert route["metadata"]["namespace"] == service["metadata"]["namespace"]
            joined = [listeners.pop(parent["sectionName"]) for parent in route["spec"]["parentRefs"]]
            assert [listener["hostname"] for listener in joined] == route["spec"]["hostnames"]
            for parent in route["spec"]["parentRefs"]:
                assert {k: parent[k] for k in ("name", "namespace")} == {
                    k: gateway["metadata"][k] for k in ("name", "namespace")
                }
        assert not listeners, "every name leads somewhere"


def test_googles_load_balancer_asks_for_health() -> None:
    behind = {m["metadata"]["name"]: m["spec"] for m in render("prod").manifests("HealthCheckPolicy")}
    assert behind["login-proxy"]["default"]["config"]["httpHealthCheck"] == {"requestPath": "/health"}
    (check,) = render("gke").manifests("HealthCheckPolicy")
    assert check["spec"]["default"]["config"]["httpHealthCheck"] == {"requestPath": "/api/health"}
    assert check["spec"]["targetRef"]["name"] == "grafana"
    assert not render("aks").manifests("HealthCheckPolicy")


@pytest.mark.parametrize(("stack", "wanted"), [("prod", REPLICAS), ("scale", REPLICAS_AT_SCALE)])
def test_replicas_are_kept_apart_and_taken_one_at_a_time(stack: str, wanted: dict[str, int]) -> None:
    rendering = render(stack)
    least = {
        m["spec"]["scaleTargetRef"]["name"]: m["spec"]["minReplicas"]
        for m in rendering.manifests("HorizontalPodAutoscaler")
    }
    replicas = {
        m["metadata"]["name"]: m["spec"].get("replicas") or least[m["metadata"]["name"]]
        for m in rendering.manifests("StatefulSet", "Deployment")
    }
    several = {
        m["metadata"]["name"]: m
        for m in rendering.manifests("StatefulSet", "Deployment")
        if replicas[m["metadata"]["name"]] > 1
    }
    assert {name: replicas[name] for name in several} == wanted
    for manifest in several.values():
        selector = manifest["spec"]["selector"]
        for constraint in manifest["spec"]["template"]["spec"]["topologySpreadConstraints"]:
            assert constraint["labelSelector"] == selector
        (budget,) = [
            m for m in rendering.manifests("PodDisruptionBudget") if m["spec"]["selector"] == selector
        ]
        assert budget["spec"]["maxUnavailable"] == 1
        assert manifest["spec"]["minReadySeconds"] > 10, "longer than Thanos remembers an address"
        assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow", "broken ones hold up no drain"
        for container in manifest["spec"]["template"]["spec"]["containers"]:
            drain = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
            in_pod = container["name"] == manifest["metadata"]["name"]
            assert (drain > 0) is in_pod, "one of several is forgotten before it ends"
    assert len(rendering.manifests("PodDisruptionBudget")) == len(several)
    assert not render("gke").manifests("PodDisruptionBudget"), "one alone would never let a machine go"


def test_a_change_of_agents_takes_a_tenth_of_the_machines_at_a_time() -> None:
    daemon_sets = render("gke").manifests("DaemonSet")
    assert len(daemon_sets) == 2
    for manifest in daemon_sets:
        assert manifest["spec"]["updateStrategy"]["rollingUpdate"] == {"maxUnavailable": "10%"}


@pytest.mark.parametrize("stack", ["gke", "scale"])
def test_who_waits_for_others_is_not_restarted_for_it(stack: str) -> None:
    probes = {
        c["name"]: [c[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")]
        for _, _, spec in render(stack).pods()
        for c in spec["containers"]
    }
    for name, (start, ready, alive) in probes.items():
        assert start == ready
        waits = name in ("grafana", "prometheus", "alertmanager") or name.startswith(("loki", "thanos-"))
        assert (alive != ready) is (waits and name != "thanos-sidecar"), name
    assert probes["grafana"][2] == "/healthz", "its other page asks the database"


def test_replicas_find_each_other_and_are_all_told() -> None:
    rendering = render("prod")
    (arguments,) = [s["containers"][0]["args"] for name, _, s in rendering.pods() if name == "alertmanager"]
    hosts = [f"alertmanager-{i}.alertmanager-replicas" for i in range(3)]
    assert [f"--cluster.peer={host}:9094" for host in hosts] == [a for a in arguments if "cluster.peer" in a]
    prometheus = yaml.safe_load(rendering.files("prometheus")["/etc/prometheus/prometheus.yaml"])
    (alertmanagers,) = prometheus["alerting"]["alertmanagers"]
    assert alertmanagers["static_configs"][0]["targets"] == [f"{host}:9093" for host in hosts]
    assert prometheus["global"]["external_labels"]["replica"] == "${HOSTNAME}"
    assert prometheus["alerting"]["alert_relabel_configs"] == [{"regex": "replica", "action": "labeldrop"}]
    loki = yaml.safe_load(rendering.files("loki")["/etc/loki/loki.yaml"])
    assert loki["memberlist"]["join_members"] == [f"loki-{i}.loki-replicas:7946" for i in range(3)]
    assert loki["common"]["replication_factor"] == 3
    collector = yaml.safe_load(rendering.files("collector")["/etc/collector/collector.yaml"])
    told = [e["endpoint"] for name, e in collector["exporters"].items() if "prometheus" in name]
    assert told == [f"http://prometheus-{i}.prometheus-replicas:9090/api/v1/otlp" for i in range(2)]
    assert (
        "replica"
        not in yaml.safe_load(render("gke").files("prometheus")["/etc/prometheus/prometheus.yaml"])["global"][
            "external_labels"
        ]
    )


def test_grafanas_share_a_database_whose_password_is_a_file() -> None:
    rendering = render("prod")
    files = rendering.files("grafana")
    assert "password = $__file{/run/secrets/grafana/database-password}" in files["/etc/grafana/grafana.ini"]
    assert files["/run/secrets/grafana/database-password"] == CANARY
    assert "type = postgres" in files["/etc/grafana/grafana.ini"]


def test_who_loki_is_to_its_bucket() -> None:
    def loki(stack: str) -> tuple[dict[str, str], dict[str, str], bool]:
        account = render(stack).one("ServiceAccount", "loki")["metadata"]
        labels = render(stack).one("StatefulSet", "loki")["spec"]["template"]["metadata"]["labels"]
        keys = "access_key_id" in "".join(render(stack).files("loki").values())
        return account.get("annotations", {}), labels, keys

    annotations, labels, keys = loki("aks")
    assert annotations == {"azure.workload.identity/client-id": "0a1b2c3d-0000-4000-8000-000000000001"}
    assert labels["azure.workload.identity/use"] == "true"
    assert not keys
    for stack in ("gke", "autopilot", "minikube"):
        annotations, labels, keys = loki(stack)
        assert (annotations, "azure.workload.identity/use" in labels, keys) == ({}, False, False)
    assert loki("oke")[2]
    for _, _, spec in render("aks").pods():
        assert spec["serviceAccountName"] == "loki" or "azure" not in str(spec)


@pytest.mark.parametrize(
    ("values", "ingress_class", "annotations"),
    [
        ({"ingressClass": "traefik", "ingressNamespace": "traefik"}, "traefik", None),
        ({"ingressClass": "gce"}, None, {"kubernetes.io/ingress.class": "gce"}),
    ],
)
def test_an_ingress_takes_the_place_of_a_gateway_when_asked(
    values: dict[str, str], ingress_class: str | None, annotations: dict[str, str] | None
) -> None:
    rendering = rendered("gke", with_kubernetes("gke", **values))
    assert not rendering.manifests("Gateway", "HTTPRoute", "HealthCheckPolicy")
    (ingress,) = rendering.manifests("Ingress")
    kubernetes_validate.validate(ingress, KUBERNETES[-1], strict=True)
    assert ingress["spec"].get("ingressClassName") == ingress_class
    assert ingress["metadata"].get("annotations") == annotations
    (tls,), (rule,) = ingress["spec"]["tls"], ingress["spec"]["rules"]
    assert tls["hosts"] == [rule["host"]]
    assert rule["http"]["paths"][0]["backend"]["service"] == {"name": "grafana", "port": {"number": 3000}}
    assert rendering.outputs["grafana"]["url"] == f"https://{rule['host']}"
    sources = [
        peer
        for policy in rendering.manifests("NetworkPolicy")
        if policy["spec"]["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/name") == "grafana"
        for source in policy["spec"]["ingress"]
        for peer in source["from"]
    ]
    controller = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "traefik"}}}
    assert (controller in sources) is ("ingressNamespace" in values)
    assert any("ipBlock" in source for source in sources) is ("ingressNamespace" not in values)


def test_who_logs_in_is_a_secret_and_what_is_published_knows_its_name_outside() -> None:
    rendering, host = render("prod"), "observability.example.org"
    files = rendering.files("login-proxy")
    assert (
        f"user push insecure-password '{CANARY}' groups push" in files["/run/secrets/login-proxy/users.cfg"]
    )
    assert CANARY not in files["/etc/login-proxy/haproxy.cfg"]
    for product in ("prometheus", "alertmanager"):
        (arguments,) = [s["containers"][0]["args"] for name, _, s in rendering.pods() if name == product]
        assert f"--web.external-url=https://{product}.{host}" in arguments
    assert f"https://alertmanager.{host}/#/silences/new" in "".join(rendering.files("alertmanager").values())
    outputs = rendering.outputs
    assert outputs["prometheus"]["remote_write_url"] == f"https://prometheus.{host}/api/v1/write"
    assert outputs["loki"]["push_url"] == f"https://loki.{host}/loki/api/v1/push"
    assert outputs["collector"]["otlp_http_endpoint"] == f"https://collector.{host}"
    assert outputs["collector"].get("otlp_grpc_endpoint") is None
    assert sum(r.token == "observability:index:Password" for r in rendering.resources) == 4


def test_one_ingress_leads_to_grafana_and_to_the_login() -> None:
    values = {"published": ["jaeger"], "hosts": {"jaeger": "traces.example.org"}}
    config = with_kubernetes("gke", ingressClass="traefik", ingressNamespace="traefik", **values)
    rendering = rendered("gke", config | {"observability:pushPassword": CANARY})
    (ingress,) = rendering.manifests("Ingress")
    kubernetes_validate.validate(ingress, KUBERNETES[-1], strict=True)
    hosts = {
        rule["host"]: rule["http"]["paths"][0]["backend"]["service"]["name"]
        for rule in ingress["spec"]["rules"]
    }
    assert hosts == {"observability.staging.example.org": "grafana", "traces.example.org": "login-proxy"}
    assert ingress["spec"]["tls"][0]["hosts"] == list(hosts)
    assert rendering.outputs["jaeger"]["url"] == "https://traces.example.org"
    assert rendering.outputs["prometheus"].get("url") is None
    assert "backend prometheus" not in rendering.files("login-proxy")["/etc/login-proxy/haproxy.cfg"]


def test_classes_may_be_other_ones_than_usual_at_the_target() -> None:
    rendering = rendered("gke", with_kubernetes("gke", storageClass="fast", gatewayClass="istio"))
    (gateway,) = rendering.manifests("Gateway")
    assert gateway["spec"]["gatewayClassName"] == "istio"
    classes = {
        m["spec"]["volumeClaimTemplates"][0]["spec"]["storageClassName"]
        for m in rendering.manifests("StatefulSet")
    }
    assert classes == {"fast"}


def test_data_goes_with_the_stack_when_asked() -> None:
    config = configuration("minikube") | {"observability:deleteData": "true"}
    rendering = rendered("minikube", config)
    for manifest in rendering.manifests("StatefulSet"):
        assert manifest["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Delete"
    assert not any(resource.retained for resource in rendering.resources)
