"""What TextRec remembers: the database, the picture files, the Hub. Never torch, never the application above."""
