FROM scratch
ARG TARGETARCH
COPY programs/hello-${TARGETARCH} /hello
CMD ["/hello"]
