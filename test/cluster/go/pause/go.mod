// What holds a pod's namespaces open. The usual image is on a registry that a test machine may not reach.
module mediajob.dev/test/cluster/pause

go 1.24.0
