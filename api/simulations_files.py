"""A run as a file: its trucks as a table, its curves as a picture, all of it as a report."""

import gzip
import json
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Request, Response

from api.simulations import JobId, get_job, trucks_of, unfinished
from api.transaction import transaction
from flowctl.pictures.simulation_trucks import write_csv, write_parquet

router = APIRouter(tags=["simulations"])

Form = Annotated[str, Path(pattern="^(csv|parquet)$")]
Language = Annotated[str, Query(pattern="^(vi|zh|en)$")]

_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


@router.get("/v1/simulations/{job_id}/export.{form}")
def export_simulation(
    request: Request, job_id: JobId, form: Form, language: Language = "vi"
) -> Response:
    """Return a run as CSV or Parquet (its trucks), PNG or SVG (its curves), HTML or PDF (all)."""
    with transaction(request) as conn:
        job = get_job(conn, request, job_id)
    if job.result is None:
        raise unfinished(job.id)
    trucks = json.loads(gzip.decompress(trucks_of(request, job_id)))
    zone = ZoneInfo(job.result["timezone"])
    content = write_csv(trucks, zone) if form == "csv" else write_parquet(trucks, zone)
    name = f"simulation_{job.id}_{job.request['scenario']}_{language}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, headers=headers, media_type=_TYPES[form])
