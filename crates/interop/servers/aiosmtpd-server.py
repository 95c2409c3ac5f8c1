"""PyPI's aiosmtpd: one server a port, each told as JSON on the command line:
{ host, address, key, certificates, ports: [{ port, implicit }] }. It takes no mail."""

import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    async def handle_MAIL(self, server, session, envelope, address, options):
        return "550 5.7.1 No mail is taken here"


def nobody(server, session, envelope, mechanism, data):
    return AuthResult(success=False)


async def serve(told):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(told["certificates"], told["key"])

    def protocol(implicit):
        return lambda: SMTP(
            Handler(),
            hostname=told["host"],
            ident="aiosmtpd",
            data_size_limit=10_240_000,
            enable_SMTPUTF8=True,
            tls_context=None if implicit else context,
            auth_require_tls=not implicit,
            authenticator=nobody,
        )

    loop = asyncio.get_running_loop()
    for port in told["ports"]:
        await loop.create_server(
            protocol(port["implicit"]),
            told["address"],
            port["port"],
            ssl=context if port["implicit"] else None,
        )
    await asyncio.Event().wait()


asyncio.run(serve(json.loads(sys.argv[1])))
