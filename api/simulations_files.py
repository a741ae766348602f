"""A run as a file: its trucks as a table, its curves as a picture, all of it as a report."""

import gzip
import json
from collections.abc import Callable, Mapping
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Request, Response

from api.simulations import JobId, get_job, trucks_of, unfinished
from api.transaction import transaction
from flowctl.notify.texts import catalogue
from flowctl.pictures.simulation_curves import write_png, write_svg
from flowctl.pictures.simulation_report import Asked, Words, report_html, report_pdf
from flowctl.pictures.simulation_trucks import Trucks, write_csv, write_parquet
from flowctl.site import Site
from flowctl.storage.accounts import find_account

router = APIRouter(tags=["simulations"])

Form = Annotated[str, Path(pattern="^(csv|parquet|png|svg|html|pdf)$")]
Language = Annotated[str, Query(pattern="^(vi|zh|en)$")]


class Drawn(NamedTuple):
    """A form in words: the type it is sent as, and how it is made."""

    content_type: str
    write: Callable[[Asked, Site, Words, str], str | bytes]


_DRAWN: Mapping[str, Drawn] = {
    "png": Drawn("image/png", lambda run, *said: write_png(run.result, *said)),
    "svg": Drawn("image/svg+xml", lambda run, *said: write_svg(run.result, *said)),
    "html": Drawn("text/html; charset=utf-8", report_html),
    "pdf": Drawn("application/pdf", report_pdf),
}
_TABLES: Mapping[str, tuple[str, Callable[[Trucks, ZoneInfo], str | bytes]]] = {
    "csv": ("text/csv; charset=utf-8", write_csv),
    "parquet": ("application/vnd.apache.parquet", write_parquet),
}


@router.get("/v1/simulations/{job_id}/export.{form}")
def export_simulation(
    request: Request, job_id: JobId, form: Form, language: Language = "vi"
) -> Response:
    """Return a run as CSV or Parquet (its trucks), PNG or SVG (its curves), HTML or PDF (all)."""
    with transaction(request) as conn:
        job = get_job(conn, request, job_id)
        account = find_account(conn, job.created_by)
    if job.result is None:
        raise unfinished(job.id)
    name = f"simulation_{job.id}_{job.request['scenario']}"
    content: str | bytes
    if form in _TABLES:
        content_type, write = _TABLES[form]
        trucks = json.loads(gzip.decompress(trucks_of(request, job_id)))
        content = write(trucks, ZoneInfo(job.result["timezone"]))
    else:
        name += f"_{language}"
        content_type, draw = _DRAWN[form]
        by = job.created_by if account is None else account.called
        asked = Asked(job.id, by, job.created_wall_at, job.site_version, job.result)
        content = draw(asked, request.app.state.site, catalogue(language)["page"], language)
    shown = "inline" if form == "html" else "attachment"
    headers = {"Content-Disposition": f'{shown}; filename="{name}.{form}"'}
    return Response(content, headers=headers, media_type=content_type)
