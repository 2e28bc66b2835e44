"""The studio as an ASGI application: routes behind the door, opened and closed with the server."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from antiphon.studio import routes_jobs, routes_projects, routes_studio
from antiphon.studio.guard import Door
from antiphon.studio.router import Router
from antiphon.studio.studio import Studio

ROUTES = (*routes_studio.ROUTES, *routes_projects.ROUTES, *routes_jobs.ROUTES)
"""All routes of the API."""


def create_app(studio: Studio) -> ASGIApp:
    """The application of a studio, whose workers start with it and stop with it."""
    studio.jobs.on_end = lambda job: routes_studio.finished(studio, job)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        studio.open()
        try:
            yield
        finally:
            await studio.close()

    router = Router(studio, (*ROUTES, *routes_studio.PAGES))
    return Door(Starlette(routes=[Mount("/", app=router)], lifespan=lifespan), studio.config.guard)
