# The page for a container, as an ordinary user, its root never written to:
#   docker build -t segen . && docker run --read-only --tmpfs /tmp -p 7860:7860 segen
FROM python:3.11-slim

RUN useradd --create-home --uid 1000 segen
WORKDIR /app
COPY requirements.txt .
# torch for CPUs, without several GB of CUDA
RUN pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu -r requirements.txt
# With --build-arg RAY=2.60.0 for several machines, docs/deploy.md
ARG RAY=""
RUN [ -z "$RAY" ] || pip install --no-cache-dir "ray[serve]==$RAY"
COPY app.py LICENSE CITATION.cff ./
COPY segen segen
COPY assets assets

USER segen
# Uploads, results and the caches of libraries lie under /tmp, the one place that can be written to.
ENV GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=7860 GRADIO_TEMP_DIR=/tmp/gradio HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
EXPOSE 7860
HEALTHCHECK --start-period=120s --timeout=10s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/health')"]
CMD ["python", "app.py"]
