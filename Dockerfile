# One image for every part of the system; docker-compose.yml says which part a container is.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/opt/venv/bin:$PATH

RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core gettext \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --shell /usr/sbin/nologin app \
    && install --directory --owner=app --group=app /data

WORKDIR /srv
COPY requirements.lock ./
COPY config/local/install.sh config/local/install.sh
RUN UV_COMPILE_BYTECODE=1 sh config/local/install.sh /opt/venv && rm -rf /root/.cache

COPY . .
RUN SECRET_KEY=only-for-building DATABASE_URL=postgres://nobody@nowhere/none REDIS_URL=redis://nowhere DATA_DIR=/tmp/building STATIC_ROOT=/srv/staticfiles \
        sh -c 'python manage.py compilemessages --verbosity 0 --ignore .venv && python manage.py collectstatic --no-input --verbosity 0' \
    && python -m compileall -q . \
    && rm -rf /tmp/building

USER app
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--workers", "3", "--threads", "4", "--no-control-socket"]
