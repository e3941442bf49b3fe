// Clock says what time it is, and which kind of machine it was compiled for.
package main

import (
	"encoding/json"
	"os"
	"runtime"
	"time"
)

func main() {
	now := time.Now().UTC().Format(time.RFC3339)
	json.NewEncoder(os.Stdout).Encode(map[string]string{"time": now, "os": runtime.GOOS, "arch": runtime.GOARCH})
}
