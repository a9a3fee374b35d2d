"""Training critics, writers, reward models and policies: one readable file per method."""
