"""Many processes, kills and full disks: a lane of its own, `./test.sh torture`, which prints what it measured."""
