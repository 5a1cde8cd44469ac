"""What is monitored, one module per technology; pure values, no Pulumi. ``mixins.shipped`` lists them."""
