// Sends a visit to the server: the event `go` carries the options of the link and the path of a picture.
window.segen.go = (options, path) => trigger("go", { options, path });
