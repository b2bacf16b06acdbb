"""Stand-ins for the vendors: separate processes, spoken to over HTTP, importing nothing of the application."""
