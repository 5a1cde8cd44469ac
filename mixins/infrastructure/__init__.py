"""What everything runs on: machines, containers, addresses seen from outside."""
