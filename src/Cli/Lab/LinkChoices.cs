using System.CommandLine;
using Halo.Cli.Hosting;
using Halo.Lab.Model;

namespace Halo.Cli.Lab;

/// <summary>The options that say what all links of a laboratory network do, but for their loss.</summary>
internal sealed class LinkChoices
{
    private const string TimeNeeded = "a time in milliseconds from 0 to 10000";
    private const string PercentNeeded = "a percentage from 0 to 100";

    private readonly Option<int> _boards = CommandOptions.Number(
        "--boards", "Boards, each in a network of its own.", 4, count => count is >= 2 and <= 64, "a whole number from 2 to 64");
    private readonly Option<double> _delay = Milliseconds("--delay-ms", "One-way delay of every link.");
    private readonly Option<double> _jitter = Milliseconds("--jitter-ms", "Delay on top of it, from 0 to this, evenly spread.");
    private readonly Option<double> _rate = CommandOptions.Number(
        "--rate-mbit", "Rate of every link in Mbit/s; 0 for no limit.", 0.0, rate => rate is >= 0 and <= 1e6, "a rate in Mbit/s from 0 to 1000000");
    private readonly Option<double> _burst = Milliseconds("--burst-ms", "Mean length of bad periods, in which a link loses all; 0 for none.");
    private readonly Option<double> _badShare = CommandOptions.Number(
        "--bad-share", "With --burst-ms: percentage of the time that a link is bad.", 5.0, share => share is > 0 and < 100, "a percentage above 0 and below 100");
    private readonly Option<double> _reorder = Percent("--reorder", "Percentage of packets that others overtake.");
    private readonly Option<double> _duplicate = Percent("--duplicate", "Percentage of packets that arrive twice.");
    private readonly Option<double> _air = Milliseconds(
        "--air-ms", "Join the boards by one shared medium with an access point, and a frame costs this much air time; 0 for links of their own.");
    private readonly Option<int?> _badBoard = CommandOptions.OptionalNumber<int>(
        "--bad-board", "The one board, from 1, whose links lose packets and have bad periods. [default: all links do]", board => board >= 1, "a board's number, 1 or more");
    private readonly Option<ulong> _seed = CommandOptions.Number("--seed", "Same seed, same losses.", 1ul, _ => true, "a whole number from 0");

    internal static bool IsPercent(double percent) => percent is >= 0 and <= 100;

    internal static Option<double> Percent(string name, string description) =>
        CommandOptions.Number(name, description, 0.0, IsPercent, PercentNeeded);

    internal void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_boards, _delay, _jitter, _rate, _burst, _badShare, _reorder, _duplicate, _air, _badBoard, _seed])
        {
            command.Add(option);
        }
    }

    internal LinkSetting Of(ParseResult parsed)
    {
        TimeSpan burst = Time(parsed.GetValue(_burst));
        TimeSpan air = Time(parsed.GetValue(_air));
        int? badBoard = parsed.GetValue(_badBoard);
        if (badBoard > parsed.GetValue(_boards))
        {
            throw new CommandFault($"--bad-board is {badBoard}; there are {parsed.GetValue(_boards)} boards.");
        }

        return new LinkSetting(
            parsed.GetValue(_boards),
            parsed.GetValue(_seed),
            new LinkSettings
            {
                Delay = Time(parsed.GetValue(_delay)),
                Jitter = Time(parsed.GetValue(_jitter)),
                BitsPerSecond = parsed.GetValue(_rate) * 1e6,
                Bursts = burst > TimeSpan.Zero ? new BurstSettings(burst, parsed.GetValue(_badShare) / 100) : null,
                Reorder = parsed.GetValue(_reorder) / 100,
                Duplicate = parsed.GetValue(_duplicate) / 100,
            },
            air > TimeSpan.Zero ? new AirSettings { FrameCost = air } : null,
            badBoard - 1);
    }

    private static Option<double> Milliseconds(string name, string description) =>
        CommandOptions.Number(name, description, 0.0, time => time is >= 0 and <= 10_000, TimeNeeded);

    private static TimeSpan Time(double milliseconds) => TimeSpan.FromMicroseconds(Math.Round(milliseconds * 1e3));
}

/// <summary>A laboratory network as it was asked for.</summary>
/// <param name="Boards">Boards.</param>
/// <param name="Seed">Seed of all that happens at random.</param>
/// <param name="Link">What every link does.</param>
/// <param name="Air">The shared medium; null for links of their own.</param>
/// <param name="BadBoard">The one board, from 0, whose links lose packets; null where all links do.</param>
internal sealed record LinkSetting(int Boards, ulong Seed, LinkSettings Link, AirSettings? Air, int? BadBoard)
{
    /// <summary>Puts the setting into a network, with what links do in place of <see cref="Link"/>.</summary>
    /// <param name="link">What links do; without its losses those of good boards.</param>
    /// <param name="model">The network.</param>
    /// <param name="now">When this begins, in nanoseconds.</param>
    internal void Apply(LinkSettings link, NetworkModel model, long now)
    {
        model.UseAir(Air);
        if (BadBoard is { } board)
        {
            model.SetAllBut(link with { Loss = 0, Bursts = null }, board, link, now);
        }
        else
        {
            model.SetAll(link, now);
        }
    }
}
