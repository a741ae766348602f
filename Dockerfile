# One image for every process; docker-compose.yml says which command each service runs.

FROM node:22-bookworm-slim AS pages
WORKDIR /src/api/web
COPY api/web/package.json api/web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY data/messages /src/data/messages
COPY api/web ./
RUN npm run build

FROM python:3.11-slim-bookworm AS installed
RUN pip install --no-cache-dir uv==0.13.9 && python -m venv /opt/flowctl
ENV VIRTUAL_ENV=/opt/flowctl
WORKDIR /src
COPY requirements.txt ./
RUN uv pip sync --no-cache --compile-bytecode --require-hashes requirements.txt
COPY . ./
COPY --from=pages /src/api/web/dist api/web/dist
RUN uv pip install --no-cache --compile-bytecode --no-deps \
    --build-constraints requirements-build.txt .

FROM python:3.11-slim-bookworm
# The home is the one place the processes write to: the SMS file, caches.
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/flowctl flowctl
COPY --from=installed /opt/flowctl /opt/flowctl
ENV PATH=/opt/flowctl/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/var/lib/flowctl/matplotlib \
    NUMBA_CACHE_DIR=/var/lib/flowctl/numba
USER flowctl
WORKDIR /var/lib/flowctl
ENTRYPOINT ["flowctl"]
CMD ["api"]
