using System.CommandLine;
using System.Globalization;
using Halo.Inference.Model.Streaming;

namespace Halo.Silo.Hosting;

/// <summary>The part of a board's command line that says how weights are streamed that do not fit its memory.</summary>
internal sealed class StreamArguments
{
    private readonly Option<double?> _deadline = Number(
        "--load-deadline-ms",
        "With --memory-limit: how long a feed-forward stage waits for its neuron groups, in milliseconds; those not loaded by then are missing from the sum. "
        + "[default: all are waited for]",
        "a number above 0",
        value => value > 0 && value <= TimeSpan.MaxValue.TotalMilliseconds / 2);

    private readonly Option<double?> _share = Number(
        "--load-share", "With --memory-limit: the share of a stage's streamed neuron groups that is loaded. [default: 1, which is exact]", "a number above 0, up to 1",
        value => value is > 0 and <= 1);

    /// <summary>Adds the options; without a bound on the memory they make no sense.</summary>
    internal void AddTo(RootCommand root, Option memory)
    {
        root.Add(_deadline);
        root.Add(_share);
        root.Validators.Add(result =>
        {
            foreach (Option option in new[] { _deadline, _share }.Where(option => result.GetResult(option) is not null && result.GetResult(memory) is null))
            {
                result.AddError($"{option.Name} is for a board that streams weights: give --memory-limit as well.");
            }
        });
    }

    internal StreamingOptions Read(ParseResult parsed) => new()
    {
        Deadline = parsed.GetValue(_deadline) is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null,
        Share = parsed.GetValue(_share) ?? 1,
    };

    private static Option<double?> Number(string name, string description, string needed, Func<double, bool> holds) => new(name)
    {
        HelpName = "N",
        Description = description,
        CustomParser = result => BoardCommand.Read<double?>(result, needed, text =>
            (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && holds(value), value)),
    };
}
