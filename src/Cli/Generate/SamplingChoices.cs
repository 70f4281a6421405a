using System.CommandLine;
using System.Numerics;
using Halo.Cli.Hosting;
using Halo.Grains;
using Halo.Inference.Sampling;

namespace Halo.Cli.Generate;

/// <summary>The sampling options. Their ranges are those of <see cref="SamplingParameters"/>.</summary>
internal sealed class SamplingChoices
{
    private static readonly SamplingParameters s_defaults = new();

    private readonly Option<float> _temperature = Number(
        "--temperature", "0 takes the likeliest token always; higher is wilder.", s_defaults.Temperature);
    private readonly Option<int> _topK = Number(
        "--top-k", "Only the K likeliest tokens; 0 for all.", s_defaults.TopK);
    private readonly Option<float> _topP = Number(
        "--top-p", "Only the likeliest tokens that together reach this probability.", s_defaults.TopP);
    private readonly Option<float> _minP = Number(
        "--min-p", "Only tokens at least this likely relative to the likeliest.", s_defaults.MinP);
    private readonly Option<float> _penalty = Number(
        "--repetition-penalty", "Weakens tokens seen lately; 1 for none.", s_defaults.RepetitionPenalty);
    private readonly Option<ulong?> _seed = CommandOptions.OptionalNumber<ulong>(
        "--seed", "The same seed gives the same text. [default: a new one, shown on stderr]", _ => true, "a whole number from 0 to 18446744073709551615");

    internal void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_temperature, _topK, _topP, _minP, _penalty, _seed])
        {
            command.Add(option);
        }
    }

    /// <exception cref="CommandFault">A value is out of its range; the message lists all that are.</exception>
    internal SamplingParameters Of(ParseResult parsed)
    {
        SamplingParameters sampling = new()
        {
            Temperature = parsed.GetValue(_temperature),
            TopK = parsed.GetValue(_topK),
            TopP = parsed.GetValue(_topP),
            MinP = parsed.GetValue(_minP),
            RepetitionPenalty = parsed.GetValue(_penalty),
            Seed = parsed.GetValue(_seed) ?? (ulong)Random.Shared.Next(),
        };
        return sampling.Validate() is { Count: > 0 } faults ? throw new CommandFault(string.Join(" ", faults)) : sampling;
    }

    /// <summary>The same as a request has them.</summary>
    internal static SamplingOptions ToOptions(SamplingParameters sampling) => new()
    {
        Temperature = sampling.Temperature,
        TopK = sampling.TopK,
        TopP = sampling.TopP,
        MinP = sampling.MinP,
        RepetitionPenalty = sampling.RepetitionPenalty,
        Seed = sampling.Seed,
    };

    private static Option<T> Number<T>(string name, string description, T fallback)
        where T : struct, INumber<T> =>
        CommandOptions.Number(name, description, fallback, _ => true, fallback is int ? "a whole number" : "a number");
}
