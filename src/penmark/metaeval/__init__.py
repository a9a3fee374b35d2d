"""How far a judge can be trusted: judgments compared with judgments, from the store alone."""
