# Break-even by grain: seconds a task against a task's grain, serial and pools, and where each pool crosses serial.
#   gnuplot -c plots/breakeven-grain.gp results/HOST/LABEL.grain.dat OUTPUT.svg
if (ARGC < 2) { exit error "usage: gnuplot -c plots/breakeven-grain.gp DATAFILE OUTPUT.svg|OUTPUT.png" }
plots = ARG0[1:strlen(ARG0) - strlen("breakeven-grain.gp")]; data = ARG1; picture = ARG2
xname = "grain: serial time of a task"
yname = "time a task"
seconds = 1
load plots."crossing.gp"
