"""Planning: §2.2 steps 7–10."""
