using Halo.Inference.Sampling;

namespace Halo.Inference.Tests.Sampling;

public sealed class SamplingParametersTests
{
    [Fact]
    public void Validate_Defaults_HaveNoFaults()
    {
        SamplingParameters defaults = new();

        Assert.Empty(defaults.Validate());
        Assert.Empty(SamplingParameters.Greedy.Validate());
        Assert.Equal((0.8f, 40, 0.95f, 0.05f), (defaults.Temperature, defaults.TopK, defaults.TopP, defaults.MinP));
    }

    [Fact]
    public void Validate_EverythingWrong_ReportsEveryFaultWithValueAndNeed()
    {
        SamplingParameters wrong = new()
        {
            Temperature = float.NaN,
            TopK = -1,
            TopP = 0,
            MinP = 1.5f,
            RepetitionPenalty = 0,
            FrequencyPenalty = float.PositiveInfinity,
            PresencePenalty = -2.5f,
            PenaltyWindow = -3,
        };

        IReadOnlyList<string> faults = wrong.Validate();

        Assert.Equal(8, faults.Count);
        Assert.Contains("Temperature is NaN; it must be 0 to 100.", faults);
        Assert.Contains("TopK is -1; it must be 0 (all) or more.", faults);
        ArgumentException error = Assert.Throws<ArgumentException>(() => new Sampler(wrong, 10));
        Assert.All(faults, fault => Assert.Contains(fault, error.Message, StringComparison.Ordinal));
    }
}
