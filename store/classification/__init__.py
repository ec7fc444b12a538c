"""What an exchange was for: provider, integration and activity type, found from data files and rules."""
