# An image that carries a package, and the `cp` that hands it over:
#   docker build -f deploy/kubernetes/model.Dockerfile -t ghcr.io/you/intents:7 FOLDER_WITH_intents.uaic
FROM busybox:1.37.0
COPY --chmod=0444 intents.uaic /package/intents.uaic
USER 65532:65532
CMD ["cp", "-f", "/package/intents.uaic", "/models/intents.uaic"]
