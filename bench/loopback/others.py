"""The clients that are compared with ours: `python -m bench.loopback.others CLIENT COUNT AT_ONCE URL OUT [CA_FILE]`.

Each asks about the documents, so many at once, and does nothing else.
"""

import asyncio
import ssl
import sys

from bench.loopback.documents import MODEL, asked, body, document

KEY = {"authorization": "Bearer sk-loopback"}


async def main() -> None:
    """Runs one client and prints what it took."""
    client, count, at_once, url, out, *ca_file = sys.argv[1:]
    context = ssl.create_default_context(cafile=ca_file[0]) if ca_file else True
    run = {"aiohttp": aiohttp_bare, "httpx2": httpx2_bare, "litellm": litellm_router}[client]
    await run(int(count), int(at_once), url, out, context)


async def aiohttp_bare(count: int, at_once: int, url: str, out: str, context: ssl.SSLContext | bool) -> None:  # noqa: FBT001
    """A loop around aiohttp's own session."""
    import aiohttp

    connector = aiohttp.TCPConnector(limit=at_once, ssl=context)
    async with aiohttp.ClientSession(headers=KEY, connector=connector) as session:

        async def one(number: int) -> str:
            async with session.post(f"{url}/chat/completions", json=body(number)) as reply:
                return str((await reply.json())["choices"][0]["message"]["content"])

        (await asked(count, at_once, out, one)).tell(count)


async def httpx2_bare(count: int, at_once: int, url: str, out: str, context: ssl.SSLContext | bool) -> None:  # noqa: FBT001
    """A loop around httpx2's own client."""
    import httpx2

    limits = httpx2.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    async with httpx2.AsyncClient(headers=KEY, limits=limits, timeout=60, verify=context) as client:

        async def one(number: int) -> str:
            reply = await client.post(f"{url}/chat/completions", json=body(number))
            return str(reply.json()["choices"][0]["message"]["content"])

        (await asked(count, at_once, out, one)).tell(count)


async def litellm_router(count: int, at_once: int, url: str, out: str, context: ssl.SSLContext | bool) -> None:  # noqa: FBT001, ARG001
    """LiteLLM's router, which counts costs and cools deployments down, over one deployment."""
    from litellm import Router

    settings = {"model": f"openai/{MODEL}", "api_base": url, "api_key": "sk-loopback",
                "input_cost_per_token": 1e-7, "output_cost_per_token": 2e-7}  # fmt: skip
    router = Router(model_list=[{"model_name": "small", "litellm_params": settings}])

    async def one(number: int) -> str:
        messages = [{"role": "user", "content": document(number)}]
        reply = await router.acompletion(model="small", messages=messages)
        return str(reply.choices[0].message.content)

    (await asked(count, at_once, out, one)).tell(count)


if __name__ == "__main__":
    asyncio.run(main())
