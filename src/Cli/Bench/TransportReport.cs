using System.Text.Json.Serialization;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Streams;
using Halo.Fabric.Wire;
using Halo.Inference.Padding;

namespace Halo.Cli.Bench;

/// <summary>What to measure.</summary>
/// <param name="Boards">Board processes, the head's included; at least 2.</param>
/// <param name="Topology">Who sends partial sums to whom.</param>
/// <param name="Wire">How they travel.</param>
/// <param name="Policy">What datagrams do against loss.</param>
/// <param name="Shape">Shape to pad the model to; null leaves it as it is.</param>
/// <param name="Tokens">Tokens of a round.</param>
/// <param name="Rounds">Rounds after the warm-up.</param>
internal sealed record TransportSetting(
    int Boards, Topology Topology, WireType Wire, DeliveryPolicy Policy, ModelShape? Shape, int Tokens, int Rounds);

/// <summary>One transport's rounds.</summary>
/// <param name="TpotMs">Median over rounds of the mean time from a token to the next, in milliseconds.</param>
/// <param name="ProcessorMs">Median over rounds of the processor time of all its processes for a token, in milliseconds.</param>
/// <param name="RoundTpotMs">Mean TPOT of each round.</param>
/// <param name="RoundProcessorMs">Processor time a token of each round.</param>
internal sealed record TransportCost(double TpotMs, double ProcessorMs, IReadOnlyList<double> RoundTpotMs, IReadOnlyList<double> RoundProcessorMs)
{
    internal static TransportCost Of(IReadOnlyList<double> tpot, IReadOnlyList<double> processor) => new(Rounds.MedianOf(tpot), Rounds.MedianOf(processor), tpot, processor);
}

/// <summary>What was measured. Ratios are datagrams to streams, round by round, and their median.</summary>
internal sealed record TransportReport
{
    /// <summary>The model's name and the shape it was padded to.</summary>
    public required string Model { get; init; }

    /// <summary>Board processes.</summary>
    public required int Boards { get; init; }

    /// <summary>Who sends partial sums to whom.</summary>
    public required string Topology { get; init; }

    /// <summary>How they travel.</summary>
    public required string Wire { get; init; }

    /// <summary>Tokens of a round.</summary>
    public required int Tokens { get; init; }

    /// <summary>Load average before, of whatever else the machine does.</summary>
    public required string LoadBefore { get; init; }

    /// <summary>Load average after, this measurement included.</summary>
    public required string LoadAfter { get; init; }

    /// <summary>Streams.</summary>
    public required TransportCost Stream { get; init; }

    /// <summary>Datagrams.</summary>
    public required TransportCost Datagram { get; init; }

    /// <summary>Whether both gave the same tokens in every round.</summary>
    public required bool SameText { get; init; }

    /// <summary>TPOT of each round over datagrams to that over streams.</summary>
    public IReadOnlyList<double> TpotRatios => [.. Datagram.RoundTpotMs.Zip(Stream.RoundTpotMs, (datagram, stream) => datagram / stream)];

    /// <summary>Median of <see cref="TpotRatios"/>.</summary>
    public double TpotRatio => Rounds.MedianOf(TpotRatios);

    /// <summary>Median over rounds of the processor time to that over streams.</summary>
    public double ProcessorRatio =>
        Rounds.MedianOf(Datagram.RoundProcessorMs.Zip(Stream.RoundProcessorMs, (datagram, stream) => datagram / stream));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TransportReport))]
internal sealed partial class TransportJson : JsonSerializerContext;
