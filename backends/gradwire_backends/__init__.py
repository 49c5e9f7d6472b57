"""Backends of the Gradwire service; each module is a plugin that the service finds by its entry point."""
