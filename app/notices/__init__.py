"""Notices 通知: what the portal tells a person, in its inbox and outside."""
