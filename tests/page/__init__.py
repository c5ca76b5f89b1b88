"""The report's page, opened in a real browser (`./test.sh page`)."""
