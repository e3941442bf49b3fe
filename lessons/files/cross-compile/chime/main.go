// Chime rings once for each hour of a clock with twelve of them.
package main

import (
	"fmt"
	"time"
)

func main() {
	for range strikes(time.Now().Hour()) {
		fmt.Println("dong")
	}
}
