"""What a connection can do, as plans: a synchronous or an asyncio driver carries them out."""
