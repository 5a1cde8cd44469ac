"""The `observability` resource provider: generated passwords and supervised local processes.

The engine starts it as a plugin (`pulumi-resource-observability`, found through `plugins` in Pulumi.yaml).
Programs use the typed classes of `provider.resources`; everything else here runs inside the plugin.
"""
