"""The surface of OpenAI's Chat Completions as we serve it: requests in, answers, chunks and errors out.

Shapes only: what a client may say, and what it hears. Which model answers is decided elsewhere. The shapes are those of
https://platform.openai.com/docs/api-reference/chat (seen in the official SDK 3.54, 2026-11-21).
"""
