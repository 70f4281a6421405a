using Halo.Inference.Gguf;
using Halo.Inference.Kernels;

namespace Halo.Inference.Model.Architectures;

/// <summary>
/// Reads how a file stretches rotary positions. All ways come down to a frequency for each pair and one magnitude: factors from a tensor (Llama 3;
/// long and short ones for Phi 3), one factor for all (linear), or a blend of stretched and unstretched frequencies (YaRN, arXiv 2309.00071).
/// </summary>
internal sealed class RopeScaling
{
    private const string Llama3Factors = "rope_freqs.weight";
    private const string LongFactors = "rope_factors_long.weight";
    private const string ShortFactors = "rope_factors_short.weight";

    // Of the YaRN paper, for models that name no others: pairs that turn more often than the first within the trained context stay, those that
    // turn less often than the second are stretched whole.
    private const float UsualBetaFast = 32;
    private const float UsualBetaSlow = 1;

    private readonly GgufMetadata _metadata;
    private readonly ModelTensors _tensors;
    private readonly ModelConfig _config;
    private readonly string _type;

    private RopeScaling(GgufMetadata metadata, ModelTensors tensors, ModelConfig config)
    {
        _metadata = metadata;
        _tensors = tensors;
        _config = config;
        string type = metadata.GetString(Key("scaling.type"), "");
        _type = type.Length == 0 ? "linear" : type; // as files were written before there was another
    }

    /// <summary>Reads frequencies and magnitude.</summary>
    /// <exception cref="GgufFormatException">The scaling is not known or its numbers make no sense; the message names the key.</exception>
    internal static RopeFrequencies Read(GgufMetadata metadata, ModelTensors tensors, ModelConfig config) =>
        config.Description.HasLearnedPositions ? new RopeFrequencies([], 1) : new RopeScaling(metadata, tensors, config).Read();

    private RopeFrequencies Read()
    {
        if (_type is not ("none" or "linear" or "yarn" or "longrope"))
        {
            throw new GgufFormatException($"{Key("scaling.type")} '{_type}' is not supported; none, linear, yarn and longrope are.");
        }

        float factor = _type == "none" ? 1 : Factor();
        float[] frequencies = RopeTable.InverseFrequencies(_config.RotaryDim, _config.RopeBase);
        float[]? divisors = Divisors();
        for (int i = 0; i < frequencies.Length; i++)
        {
            double extrapolated = divisors is null ? frequencies[i] : frequencies[i] / (double)divisors[i];
            double kept = _type == "yarn" ? Kept(i) : 0;
            frequencies[i] = (float)((extrapolated / factor * (1 - kept)) + (extrapolated * kept));
        }

        return new RopeFrequencies(frequencies, Magnitude(factor));
    }

    private float Factor()
    {
        float factor = Number("scaling.factor", Number("scale_linear", 1, least: 0), least: 0);
        return factor == 0 ? 1 : factor; // 0 is how some files say none
    }

    private float Magnitude(float factor)
    {
        float magnitude = Number("scaling.attn_factor", 1);
        if (_type != "yarn" || factor <= 1)
        {
            return magnitude;
        }

        float allDimensions = Number("scaling.yarn_log_multiplier", 0, least: 0);
        return magnitude * (float)((1 + (0.1 * Math.Log(factor))) / (1 + (0.1 * allDimensions * Math.Log(factor))));
    }

    // The share of a pair's unstretched frequency: 1 for the fast ones, 0 for the slow ones, in between a ramp.
    private double Kept(int pair)
    {
        double low = Math.Max(0, Math.Floor(PairThatTurns(Number("scaling.yarn_beta_fast", UsualBetaFast))));
        double high = Math.Min(_config.RotaryDim - 1, Math.Ceiling(PairThatTurns(Number("scaling.yarn_beta_slow", UsualBetaSlow))));
        return 1 - Math.Clamp((pair - low) / Math.Max(0.001, high - low), 0, 1);
    }

    // The pair, not a whole number, that turns so often within the trained context.
    private double PairThatTurns(double turns) =>
        _config.RotaryDim * Math.Log(TrainedContext / (turns * 2 * Math.PI)) / (2 * Math.Log(_config.RopeBase));

    private float[]? Divisors()
    {
        float[]? factors = Factors(Llama3Factors);
        float[]? longer = _config.Description.ReadsLongRope || _type == "longrope" ? Factors(LongFactors) : null;
        float[]? shorter = _config.Description.ReadsLongRope || _type == "longrope" ? Factors(ShortFactors) : null;
        if ((longer is null) != (shorter is null) || (longer is null && _type == "longrope") || (longer is not null && factors is not null))
        {
            throw new GgufFormatException(
                $"{Key("scaling.type")} is '{_type}', and of {LongFactors}, {ShortFactors} and {Llama3Factors} the first two are needed together, or the last alone.");
        }

        // One set for all lengths, as keys in the KV cannot be turned anew: the long one, where contexts may be longer than what was trained first.
        return factors ?? (_config.ContextLength > TrainedContext ? longer : shorter);
    }

    private float[]? Factors(string name)
    {
        float[]? factors = _tensors.Vector(name, _config.RotaryDim / 2, isRequired: false);
        return factors is null || Array.TrueForAll(factors, factor => factor is > 0 and < float.MaxValue)
            ? factors
            : throw new GgufFormatException($"Tensor {name} has a factor that is not above 0.");
    }

    private uint TrainedContext
    {
        get
        {
            uint original = _metadata.GetUInt32(Key("scaling.original_context_length"), 0); // 0 is how some files say none
            return original > 0 ? original : (uint)ModelConfig.TrainedLength(_metadata, _config.Architecture);
        }
    }

    private float Number(string name, float fallback, float least = float.Epsilon)
    {
        float value = _metadata.GetSingle(Key(name), fallback);
        return value >= least && value < float.MaxValue
            ? value
            : throw new GgufFormatException($"{Key(name)} is {value}, which makes no rotary positions.");
    }

    private string Key(string name) => $"{_config.Architecture}.rope.{name}";
}
