"""What is told to the agent and to people, and what must not be."""
