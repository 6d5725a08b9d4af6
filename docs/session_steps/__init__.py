"""What a user does in one window, step by step; see ``docs/window_session.py``."""
