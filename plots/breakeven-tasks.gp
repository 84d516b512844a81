# Break-even by number of tasks: seconds a region against its tasks, serial and pools (warm, and cold: with the pool's
# start and stop), and where each pool crosses serial.
#   gnuplot -c plots/breakeven-tasks.gp results/HOST/LABEL.tasks.dat OUTPUT.svg
if (ARGC < 2) { exit error "usage: gnuplot -c plots/breakeven-tasks.gp DATAFILE OUTPUT.svg|OUTPUT.png" }
plots = ARG0[1:strlen(ARG0) - strlen("breakeven-tasks.gp")]; data = ARG1; picture = ARG2
xname = "tasks"
yname = "time of all tasks"
seconds = 0
load plots."crossing.gp"
