"""Many processes at one moment, kills, full disks. What is marked `torture` runs by `./test.sh torture`."""
