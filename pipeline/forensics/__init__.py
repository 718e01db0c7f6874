"""What was, when, and what changed: questions about the past of a fabric, answered from its store."""
