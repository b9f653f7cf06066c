"""Analysis stage 分析: manual §2.2 steps 1–6."""
