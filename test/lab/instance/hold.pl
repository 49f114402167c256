#!/usr/bin/perl
# hold.pl FOLDER [MOMENT PATTERN]: whoever opens a file in FOLDER whose name ends with .new, or FOLDER itself (to sync it),
# stops right there in open(2). It is told as "<number> <pid> writing" or "<number> <pid> written"; the line "<number>" on
# standard input lets it go on. Every other open passes. With a moment and a pattern nothing is read from standard input, and
# only the first one is stopped at whose moment FOLDER/journal.json matches.
# These are permission events of fanotify(7): when this program ends, everybody goes on.
use strict;
use warnings;
use IO::Select;
use POSIX ();

my ($folder, $wanted, $pattern) = @ARGV;
my ($init, $mark) = {x86_64 => [300, 301], aarch64 => [262, 263]}->{(POSIX::uname())[4]}->@*;
my ($FAN_CLASS_CONTENT, $FAN_MARK_ADD, $FAN_MARK_REMOVE, $FAN_ALLOW, $AT_FDCWD) = (0x4, 0x1, 0x2, 1, -100);
my $WATCHED = 0x10000 | 0x40000000 | 0x08000000;    # FAN_OPEN_PERM | FAN_ONDIR | FAN_EVENT_ON_CHILD

my $fan = syscall($init, $FAN_CLASS_CONTENT, 0);
die "fanotify_init: $!\n" if $fan < 0;
open my $events, '+<&=', $fan or die "fanotify: $!\n";

sub watch {
  my ($how) = @_;
  die "fanotify_mark $folder: $!\n" if syscall($mark, $fan, $how, $WATCHED, $AT_FDCWD, $folder) < 0;
}

watch($FAN_MARK_ADD);
my $inode = (stat $folder)[1];
my ($count, %held) = (0);

sub report { syswrite STDOUT, "@_\n" }

sub allow {
  my ($fd) = @_;
  syswrite $events, pack('lL', $fd, $FAN_ALLOW);
  POSIX::close($fd);
}

sub moment_of {
  my $path = "/proc/self/fd/$_[0]";
  return 'writing' if readlink($path) =~ /\.new$/;
  return (stat $path)[1] == $inode ? 'written' : undef;
}

# Its own open would wait for itself. Nothing is missed: the agent stands.
sub is_wanted {
  my ($moment) = @_;
  return 1 unless defined $wanted;
  return 0 if $count > 0 || $moment ne $wanted;
  watch($FAN_MARK_REMOVE);
  my $journal = '';
  if (open my $file, '<', "$folder/journal.json") { local $/; $journal = <$file> // '' }
  watch($FAN_MARK_ADD);
  return $journal =~ /$pattern/;
}

sub take {
  sysread $events, my $buffer, 4096 or die "fanotify: $!\n";
  while (length $buffer >= 24) {
    my ($length, $fd, $pid) = (unpack 'LCCSQll', $buffer)[0, 5, 6];    # struct fanotify_event_metadata
    substr $buffer, 0, $length, '';
    my $moment = moment_of($fd);
    if (!defined $moment || !is_wanted($moment)) { allow($fd); next }
    $held{++$count} = $fd;
    report($count, $pid, $moment);
  }
}

my $select = IO::Select->new($events, defined $wanted ? () : \*STDIN);
report('watching');
while (1) {
  for my $ready ($select->can_read) {
    if ($ready == $events) { take(); next }
    exit 0 unless sysread STDIN, my $lines, 4096;
    for my $number (split /\n/, $lines) { allow($_) for grep { defined } delete $held{$number} }
  }
}
