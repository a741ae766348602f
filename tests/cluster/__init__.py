"""Three hosts in network namespaces, of which each in turn is lost under load."""
