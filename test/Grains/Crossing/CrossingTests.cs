using System.Reflection;
using System.Text.Json;
using Orleans;
using Orleans.Runtime;
using Orleans.TestingHost;

namespace Halo.Grains.Tests.Crossing;

/// <summary>Two silos that know what of Halo's may cross.</summary>
public sealed class CrossingFixture : IAsyncLifetime
{
    private readonly InProcessTestCluster _cluster;

    public CrossingFixture()
    {
        InProcessTestClusterBuilder builder = new(2);
        builder.ConfigureSilo((_, silo) => silo.Services.AddHaloExceptions());
        _cluster = builder.Build();
    }

    public ICrossingGrain Grain(string key = "any") => _cluster.Client.GetGrain<ICrossingGrain>(key);

    /// <summary>A grain that is on the silo of another, or not, wherever the engine puts each.</summary>
    public async Task<ICrossingGrain> Neighbour(ICrossingGrain other, bool onSameSilo)
    {
        string silo = await other.Silo();
        for (int i = 0; ; i++)
        {
            ICrossingGrain grain = Grain($"neighbour-{i}");
            if (await grain.Silo() == silo == onSameSilo)
            {
                return grain;
            }
        }
    }

    public Task InitializeAsync() => _cluster.DeployAsync();

    public async Task DisposeAsync() => await _cluster.DisposeAsync();
}

/// <summary>What crosses grain calls arrives whole: between processes there are no references to pass.</summary>
public sealed class CrossingTests(CrossingFixture fixture) : IClassFixture<CrossingFixture>
{
    // Generated code has marked types too, of a namespace of its own.
    private static readonly Type[] s_marked = [.. new[] { typeof(IModelGrain).Assembly, typeof(GrainKeys).Assembly }
        .SelectMany(assembly => assembly.GetTypes())
        .Where(type => type.Namespace?.StartsWith("Halo.", StringComparison.Ordinal) == true)
        .Where(type => type.IsDefined(typeof(GenerateSerializerAttribute)) && !type.IsAssignableTo(typeof(PlacementStrategy)))];

    public static TheoryData<string> Values => [.. s_marked.Where(type => !type.IsAssignableTo(typeof(Exception))).Select(type => type.Name)];

    public static TheoryData<string, bool> Exceptions
    {
        get
        {
            TheoryData<string, bool> data = [];
            foreach (string name in Faults.All.Keys)
            {
                data.Add(name, true);
                data.Add(name, false);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Values))]
    public async Task Value_FilledThroughout_ComesBackEqual(string typeName)
    {
        Type type = s_marked.Single(marked => marked.Name == typeName);
        object value = new FilledValue().Make(type);
        string expected = JsonSerializer.Serialize(value, type);
        Assert.DoesNotContain("null", expected, StringComparison.Ordinal);
        Assert.DoesNotContain("[]", expected, StringComparison.Ordinal);
        object echo = await fixture.Grain().Echo(value);
        Assert.IsType(type, echo);
        Assert.Equal(expected, JsonSerializer.Serialize(echo, type));
    }

    [Theory]
    [MemberData(nameof(Exceptions))]
    public async Task Exception_ThroughAnotherGrain_ArrivesAsItselfWithItsMessage(string name, bool onSameSilo)
    {
        Exception thrown = Faults.All[name];
        ICrossingGrain relay = fixture.Grain("relay");
        ICrossingGrain thrower = await fixture.Neighbour(relay, onSameSilo);
        Exception fault = await Assert.ThrowsAnyAsync<Exception>(() => relay.ThrowThrough(thrower, name));
        Assert.Equal(thrown.GetType(), fault.GetType());
        Assert.Equal(thrown.Message, fault.Message);
        Assert.Equal((thrown as ModelUnavailableException)?.Fault, (fault as ModelUnavailableException)?.Fault);
        Assert.Equal((thrown as BadRequestException)?.Parameter, (fault as BadRequestException)?.Parameter);
    }

    [Fact]
    public void Exceptions_MarkedForCrossing_AreAllTried() => Assert.Empty(
        s_marked.Where(type => type.IsAssignableTo(typeof(Exception))).Select(type => type.Name).Except(Faults.All.Keys));

    [Fact]
    public void Interfaces_OfGrains_UseOnlyTypesThatMayCross()
    {
        Type[] interfaces = [.. typeof(IModelGrain).Assembly.GetTypes().Where(type => type.IsInterface && type.IsAssignableTo(typeof(IGrainWithStringKey)))];
        Assert.True(interfaces.Length >= 6, $"Only {interfaces.Length} grain interfaces were found.");
        HashSet<Type> crossing = [];
        foreach (MethodInfo method in interfaces.SelectMany(type => type.GetMethods()))
        {
            Collect(method.ReturnType, crossing);
            Array.ForEach(method.GetParameters(), parameter => Collect(parameter.ParameterType, crossing));
        }

        Assert.Empty(crossing.Except(s_marked));
        Assert.Contains(typeof(LinkReport), crossing);
    }

    [Fact]
    public void Types_MarkedForCrossing_NumberEachPartOnceAndHaveANameOfTheirOwn()
    {
        Assert.Equal(s_marked.Length, s_marked.Select(type => type.GetCustomAttribute<AliasAttribute>()?.Alias).Distinct().Count());
        foreach (Type type in s_marked)
        {
            PropertyInfo[] parts = type.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly);
            uint?[] ids = [.. parts.Select(part => part.GetCustomAttribute<IdAttribute>()?.Id)];
            Assert.True(ids.All(id => id is not null), $"A part of {type.Name} has no [Id] and would stay behind.");
            Assert.True(ids.Distinct().Count() == ids.Length, $"Two parts of {type.Name} have the same [Id].");
        }
    }

    /// <summary>Gathers the types that must be marked: neither the platform's own nor enumerations.</summary>
    private static void Collect(Type type, HashSet<Type> crossing)
    {
        if (type.IsArray)
        {
            Collect(type.GetElementType()!, crossing);
        }
        else if (type.IsGenericType)
        {
            Array.ForEach(type.GenericTypeArguments, argument => Collect(argument, crossing));
        }
        else if (!type.IsEnum && type.Namespace!.StartsWith("Halo", StringComparison.Ordinal) && crossing.Add(type))
        {
            Array.ForEach(type.GetProperties(), property => Collect(property.PropertyType, crossing));
        }
    }
}
