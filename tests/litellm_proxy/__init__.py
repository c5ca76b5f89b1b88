"""The installed command against a real LiteLLM proxy."""
