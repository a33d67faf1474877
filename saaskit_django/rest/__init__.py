"""What every endpoint stands on: the base view, problem details, input rules, pages and keys."""
