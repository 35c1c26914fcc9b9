package main

import (
	"os"
	"os/signal"
	"syscall"
)

// main waits to be ended. As process 1 it also reaps what a pod with a shared process namespace leaves behind:
// asking for SIGCHLD to be ignored makes the kernel do it.
func main() {
	signal.Ignore(syscall.SIGCHLD)
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGINT, syscall.SIGTERM)
	<-ended
}
