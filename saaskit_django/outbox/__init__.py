"""What happened, written with the change itself and delivered after it: once per reaction."""
