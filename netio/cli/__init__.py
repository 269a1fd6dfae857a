"""The netio command."""
